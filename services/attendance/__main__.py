"""`python -m services.attendance api | worker | all | ...`"""

from services.attendance.app import SERVICE
from services.attendance.settings import AttendanceSettings
from shared.service import main

if __name__ == "__main__":
    main(SERVICE, AttendanceSettings)
