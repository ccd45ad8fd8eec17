# The official image's contract: every KAFKA_X_Y is the setting x.y ("__" is "_", "___" is "-"), but
# for those that are meant for its scripts; the folder of an empty node is formatted by CLUSTER_ID.
set -euo pipefail -f  # no globs: `libs/*` is for java

properties=/etc/kafka/server.properties
for variable in "${!KAFKA_@}"; do
  case $variable in KAFKA_HEAP_OPTS | KAFKA_JVM_PERFORMANCE_OPTS | KAFKA_OPTS) continue ;; esac
  name=${variable#KAFKA_}
  name=${name//___/-}
  name=${name//__/+}
  name=${name//_/.}
  name=${name//+/_}
  echo "${name,,}=${!variable}"
done >$properties

options="${KAFKA_HEAP_OPTS:-} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} ${KAFKA_OPTS:-}"
java="java $options -Dlog4j2.configurationFile=/opt/kafka/log4j2.yaml -cp /opt/kafka/libs/*"
$java kafka.tools.StorageTool format --ignore-formatted --cluster-id="$CLUSTER_ID" --config=$properties
exec $java kafka.Kafka $properties
