"""`python -m services.membership api | worker | all | ...`"""

from services.membership.app import SERVICE
from services.membership.settings import MembershipSettings
from shared.service import main

if __name__ == "__main__":
    main(SERVICE, MembershipSettings)
