"""`python -m services.operations api | all | status`"""

from services.operations.app import SERVICE
from services.operations.settings import OperationsSettings
from shared.service import main

if __name__ == "__main__":
    main(SERVICE, OperationsSettings)
