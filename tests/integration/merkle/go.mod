module oversight-siem/tests/integration/merkle

go 1.20

require github.com/transparency-dev/merkle v0.0.2
