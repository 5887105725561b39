"""`python -m services.meetings api | worker | all | ...`"""

from services.meetings.app import SERVICE
from services.meetings.settings import MeetingsSettings
from shared.service import main

if __name__ == "__main__":
    main(SERVICE, MeetingsSettings)
