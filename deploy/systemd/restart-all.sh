#!/bin/sh
# Restarts shop@1 to shop@3, one after the other; nothing is refused meanwhile. Stops at the first that does not come up.
# The pause is longer than nginx leaves a process alone (fail_timeout in nginx/shop.conf).
set -eu
for number in 1 2 3; do
  systemctl restart "shop@$number"
  sleep 5
done
