# A stand-in for apache/kafka, brought nearer to it: the official image starts on a formatted folder too, its templates
# are writable once copied, and it has all of Kafka's tools.
ARG KAFKA_IMAGE
FROM ${KAFKA_IMAGE}
USER root
RUN chmod 644 /etc/kafka/docker/*.yaml /etc/kafka/docker/*.properties \
 && sed -i 's#--final-configs-dir /opt/kafka/config$#& || test -e "$KAFKA_LOG_DIRS/meta.properties"#' /etc/kafka/docker/run \
 && sed -i 's#^  kafka-configs.sh) .*#&\n  kafka-acls.sh) main=org.apache.kafka.tools.AclCommand ;;#' /opt/kafka/bin/kafka-run \
 && ln -s kafka-run /opt/kafka/bin/kafka-acls.sh
USER appuser
