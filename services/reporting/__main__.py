"""`python -m services.reporting api | worker | all | recount | ...`"""

from services.reporting.app import SERVICE
from services.reporting.settings import ReportingSettings
from shared.service import main

if __name__ == "__main__":
    main(SERVICE, ReportingSettings)
