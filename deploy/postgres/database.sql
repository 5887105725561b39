-- One service's database and login, made by psql as the superuser; $SERVICE names both.
\getenv service SERVICE
\set password `cat "/run/secrets/${SERVICE}_database_password"`

-- What a running service may do: the migrations grant it, and make the roles too where they come first.
SELECT format('CREATE ROLE %I NOLOGIN', role)
FROM unnest(ARRAY['service_log', 'service_api', 'service_relay', 'service_runtime']) AS role
WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role)
\gexec

-- The login can do that, and nothing else. service_runtime is for processes of 0.1.0, while they are replaced.
SELECT format('CREATE ROLE %I LOGIN', :'service')
WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = :'service')
\gexec
GRANT service_api, service_relay, service_runtime TO :"service";
ALTER ROLE :"service" PASSWORD :'password';

SELECT format('CREATE DATABASE %I', :'service')
WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = :'service')
\gexec

-- No service's login gets into another's database.
REVOKE CONNECT ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"service";
