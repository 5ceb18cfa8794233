# An internet of the test's own: names, addresses and services in a network namespace, with what the host reads about
# them, and then the command. Needs no privilege. $WORLD is a directory for its files; $WORLD/log says who was reached.
set -e
mkdir -p "$WORLD"
cd "$WORLD"
cat > hosts <<'HOSTS'
127.0.0.1 localhost
93.184.216.34 api.example.com www.example.com
2606:2800:220:1::34 six.example.com
93.184.216.35 evil.example.com
10.9.8.7 inner.example.com
127.0.0.1 rebound.example.com
169.254.169.254 metadata.example.com
HOSTS
printf 'nameserver 127.0.0.53\nsearch corp.test\n' > resolv.conf
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj '/CN=World' \
    -addext 'basicConstraints=critical,CA:TRUE' -keyout ca.key -out ca.pem 2> /dev/null
for name in api.example.com evil.example.com db.corp.test; do
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" -keyout $name.key 2> /dev/null |
        openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out $name.pem \
            -extfile <(echo "subjectAltName=DNS:$name") 2> /dev/null
done
exec unshare --user --map-current-user --net --mount --propagation private --keep-caps /bin/bash -c '
    set -e
    ip link set lo up
    for address in 93.184.216.34/32 93.184.216.35/32 10.9.8.7/32 169.254.169.254/32; do ip address add $address dev lo; done
    ip -6 address add 2606:2800:220:1::34/128 dev lo nodad
    echo "$(id -g) $(id -g)" > /proc/sys/net/ipv4/ping_group_range
    mount --bind hosts /etc/hosts
    mount --bind resolv.conf "$(realpath /etc/resolv.conf)"
    mount --bind ca.pem "$(realpath /etc/ssl/certs/ca-certificates.crt)"
    coproc SERVICES { exec /usr/bin/python3 services.py; }
    read -r ready <&"${SERVICES[0]}"
    cd "$FROM"
    code=0
    setpriv --ambient-caps -all --inh-caps -all -- "$@" || code=$?
    kill $SERVICES_PID
    exit $code
' world "$@"
