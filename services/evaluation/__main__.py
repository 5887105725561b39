"""`python -m services.evaluation api | worker | all | ...`"""

from services.evaluation.app import SERVICE
from services.evaluation.settings import EvaluationSettings
from shared.service import main

if __name__ == "__main__":
    main(SERVICE, EvaluationSettings)
