package class

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"wirelab/grader/whole"
)

// Key is a course's secret: from it and a student's name comes the seed of the
// student's labs. 32 bytes.
type Key [32]byte

// ErrKey is matched where a file holds no course key.
var ErrKey = errors.New("the course key")

// LoadKey reads the key in the file at path, as 64 hexadecimal digits; where
// there is no such file it draws a key and keeps it there, for the owner alone
// to read. Errors match ErrKey.
func LoadKey(path string) (Key, error) {
	var key Key
	text, err := os.ReadFile(path) //nolint:gosec // the instructor's own file
	if errors.Is(err, fs.ErrNotExist) {
		_, _ = rand.Read(key[:]) // it never fails (crypto/rand)
		if err := whole.Bytes(path, 0o600, []byte(hex.EncodeToString(key[:])+"\n")); err != nil {
			return key, fmt.Errorf("%w: %w", ErrKey, err)
		}
		return key, nil
	}
	if err != nil {
		return key, fmt.Errorf("%w: %w", ErrKey, err)
	}
	data, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(data) != len(key) {
		return key, fmt.Errorf("%w: %s does not hold %d hexadecimal digits; remove it, and a new key is drawn", ErrKey, path, 2*len(key))
	}
	copy(key[:], data)
	return key, nil
}

// maxSeed keeps seeds short enough to type, and exact in every reader of JSON.
const maxSeed = 1_000_000_000_000

// Seed is the seed of a student's labs: the same for the same name and key
// (HMAC, RFC 2104, with SHA-256), and not to be guessed without the key.
func (k Key) Seed(student string) uint64 {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte("wirelab seed\x00" + student)) // a hash never fails to write
	return binary.BigEndian.Uint64(mac.Sum(nil)) % maxSeed
}
