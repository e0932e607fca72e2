#!/usr/bin/env bash
# Makes the certificates that the TLS tests need, as NAME.pem and NAME.key.
# Usage: tests/delivery/certificates.sh FOLDER
set -euo pipefail
mkdir -p "$1"
cd "$1"
work=$(mktemp -d)
exec 3>&2 2>"$work/log" # openssl talks while all goes well
trap 'status=$?; [ $status -eq 0 ] || cat "$work/log" >&3; rm -rf "$work"; exit $status' EXIT

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" && chmod 600 "$1.key"; }

authority() { # name subject
    key "$1"
    openssl req -x509 -new -key "$1.key" -subj "/CN=$2" -days 3650 -out "$1.pem" \
        -addext "keyUsage=critical,keyCertSign,cRLSign"
}

# `openssl ca` is the one command of OpenSSL 3.0 that takes both dates, which the expired one needs.
signed() { # name authority subject usage alternative-names [first-day last-day]
    local first=${6:-$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)} last=${7:-$(date -u -d '10 years' +%Y%m%d%H%M%SZ)}
    key "$1"
    : >"$work/index"
    cat >"$work/conf" <<CONF
[ca]
default_ca = here
[here]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[extensions]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = $4
subjectAltName = $5
CONF
    openssl req -new -key "$1.key" -subj "/CN=$3" -out "$work/request"
    openssl ca -batch -notext -config "$work/conf" -extensions extensions -cert "$2.pem" -keyfile "$2.key" \
        -startdate "$first" -enddate "$last" -in "$work/request" -out "$1.pem"
}

loopback=IP:127.0.0.1,DNS:localhost
authority ca "oversight test CA"
authority other-ca "another test CA"
signed server ca localhost serverAuth "$loopback"
signed wrong-name ca other.example serverAuth DNS:other.example
signed expired ca localhost serverAuth "$loopback" 20200101000000Z 20200201000000Z
signed other-server other-ca localhost serverAuth "$loopback"
signed client ca "oversight test client" clientAuth DNS:client.example
