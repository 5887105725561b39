#!/bin/sh
# Makes the certificates that encrypted.yml wants: certificates.sh FOLDER. An authority of their own signs them; its key
# stays in the folder and is mounted nowhere. Repeating it renews those that end within 90 days.
set -eu
folder=$1
command -v openssl > /dev/null || { echo 'openssl is not installed: no certificates were made' >&2; exit 0; }
umask 077
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/openssl.cnf" << 'END'
[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[kafka]
subjectAltName = DNS:kafka-1, DNS:kafka-2, DNS:kafka-3, DNS:localhost, IP:127.0.0.1
authorityKeyIdentifier = keyid
[postgres]
subjectAltName = DNS:postgres, DNS:localhost, IP:127.0.0.1
authorityKeyIdentifier = keyid
END

request() { # of the name $1, with a new key in the file $2, on stdout; what follows is for openssl req
    name=$1 key=$2
    shift 2
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key"
    openssl req -new -config "$work/openssl.cnf" -subj "/CN=$name" -key "$key" "$@"
}

place() { # readable, as each is mounted into containers of different users; the folder is closed
    chmod 444 "$1"
    mv -f "$1" "$2"
    echo "made $2"
}

if [ ! -e "$folder/authority_certificate" ]; then
    request sinh-hoat-chi-bo "$folder/authority_key" -x509 -days 7300 -extensions authority > "$work/authority"
    place "$work/authority" "$folder/authority_certificate"
fi
for name in kafka postgres; do
    identity=$folder/${name}_identity
    openssl x509 -in "$identity" -noout -checkend 7776000 > /dev/null 2>&1 && continue
    request $name "$work/key" > "$work/request"
    openssl x509 -req -in "$work/request" -days 825 -extfile "$work/openssl.cnf" -extensions $name \
        -CA "$folder/authority_certificate" -CAkey "$folder/authority_key" -CAcreateserial -CAserial "$work/serial" \
        -out "$work/certificate" 2> "$work/said" || { cat "$work/said" >&2; exit 1; }
    cat "$work/key" "$work/certificate" > "$work/identity"
    place "$work/identity" "$identity"
done
