# A stand-in for apache/kafka, brought nearer to it: the official image starts on a formatted folder too, and its
# templates are writable once copied.
ARG KAFKA_IMAGE
FROM ${KAFKA_IMAGE}
USER root
RUN chmod 644 /etc/kafka/docker/*.yaml /etc/kafka/docker/*.properties \
 && sed -i 's#--final-configs-dir /opt/kafka/config$#& || test -e "$KAFKA_LOG_DIRS/meta.properties"#' /etc/kafka/docker/run
USER appuser
