"""`python -m services.membership api | worker | all | pull | ...`"""

from dataclasses import replace

from services.membership.app import SERVICE
from services.membership.pull_command import commands
from services.membership.settings import MembershipSettings
from shared.service import main

if __name__ == "__main__":
    main(replace(SERVICE, commands=commands), MembershipSettings)
