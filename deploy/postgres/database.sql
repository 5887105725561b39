-- One service's database and login, made by psql as the superuser; $SERVICE names both.
\getenv service SERVICE
\set password `cat "/run/secrets/${SERVICE}_database_password"`

-- What a running service may do: the migrations grant it, and make it too where they come first.
SELECT 'CREATE ROLE service_runtime NOLOGIN'
WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'service_runtime')
\gexec

-- The login can do that, and nothing else.
SELECT format('CREATE ROLE %I LOGIN IN ROLE service_runtime', :'service')
WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = :'service')
\gexec
ALTER ROLE :"service" PASSWORD :'password';

SELECT format('CREATE DATABASE %I', :'service')
WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = :'service')
\gexec

-- No service's login gets into another's database.
REVOKE CONNECT ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"service";
