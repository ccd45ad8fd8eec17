# The interface of the official image: each KAFKA_X_Y is the setting x.y ("__" is "_", "___" is "-"),
# except the variables of its scripts; an empty data folder is formatted with CLUSTER_ID.
set -euo pipefail -f  # no globs: java expands `libs/*` itself

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
