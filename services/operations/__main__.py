"""`python -m services.operations api | worker | all | status | webhooks | ...`"""

from dataclasses import replace

from services.operations import status_command, webhooks_command
from services.operations.app import SERVICE
from services.operations.settings import OperationsSettings
from shared.service import main

if __name__ == "__main__":
    status_command.commands.add_typer(webhooks_command.commands, name="webhooks")
    main(replace(SERVICE, commands=status_command.commands), OperationsSettings)
