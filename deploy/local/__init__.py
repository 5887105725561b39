"""PostgreSQL, Kafka and the front door on one machine, from wheels and Maven artefacts: for demo and tests.

Linux only: a server ends when the process that started it ends, by PR_SET_PDEATHSIG.
"""
