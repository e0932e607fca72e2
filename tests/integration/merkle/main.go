// Checks roots and inclusion proofs by transparency-dev/merkle, which the Go checksum database and Certificate
// Transparency use. Reads {"leaves": [text...], "roots": [hex of size 1...], "proofs": [{"index", "size", "proof"}...]}.
package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

type inclusion struct {
	Index, Size uint64
	Proof       []string
}

func decode(text string) []byte {
	hash, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return hash
}

func main() {
	var given struct {
		Leaves, Roots []string
		Proofs        []inclusion
	}
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		panic(err)
	}
	factory := &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	tree := factory.NewEmptyRange(0)
	for i, leaf := range given.Leaves {
		tree.Append(rfc6962.DefaultHasher.HashLeaf([]byte(leaf)), nil)
		root, err := tree.GetRootHash(nil)
		if err != nil || !bytes.Equal(root, decode(given.Roots[i])) {
			fmt.Printf("the root of %d leaves is %x\n", i+1, root)
		}
	}
	for _, p := range given.Proofs {
		hashes := [][]byte{}
		for _, hash := range p.Proof {
			hashes = append(hashes, decode(hash))
		}
		leaf, root := rfc6962.DefaultHasher.HashLeaf([]byte(given.Leaves[p.Index])), decode(given.Roots[p.Size-1])
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, p.Size, leaf, hashes, root); err != nil {
			fmt.Printf("leaf %d of %d: %v\n", p.Index, p.Size, err)
		}
	}
	fmt.Printf("%d roots and %d proofs\n", len(given.Leaves), len(given.Proofs))
}
