package stage

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
)

// Digest returns the SHA-256, in hex, over the names and contents of files:
// what identifies a submission. Each is preceded by its length (eight bytes,
// big-endian), so that no two sets of files look alike.
func Digest(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		field(sum, []byte(name))
		field(sum, files[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func field(sum hash.Hash, data []byte) {
	sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(data)))) // a hash never fails to write
	sum.Write(data)
}
