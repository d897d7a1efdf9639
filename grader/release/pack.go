package release

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"wirelab/grader/whole"
)

// SumsName is the file with the SHA-256 sums, as sha256sum -c reads it.
const SumsName = "SHA256SUMS"

// publish packs the kit, sums the pack up, and puts all of it in place.
func (r *Release) publish(kit, name string) ([]string, error) {
	archive := filepath.Join(r.Out, name+".tar.gz")
	sum := sha256.New()
	err := whole.Write(archive, 0o644, func(w io.Writer) error { return pack(io.MultiWriter(w, sum), kit, name) })
	if err != nil {
		return nil, err
	}
	sums := filepath.Join(r.Out, SumsName)
	if err := whole.Bytes(sums, 0o644, fmt.Appendf(nil, "%x  %s\n", sum.Sum(nil), name+".tar.gz")); err != nil {
		return nil, err
	}
	folder := filepath.Join(r.Out, name)
	return []string{folder, archive, sums}, os.Rename(kit, folder)
}

// pack writes the kit as a tar.gz: files in order, and nothing of when and by
// whom they were made.
func pack(w io.Writer, kit, name string) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	files := tar.NewWriter(zipped)
	err = filepath.WalkDir(kit, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(kit, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path) //nolint:gosec // what was just made
		if err != nil {
			return err
		}
		h := &tar.Header{
			Name: name + "/" + filepath.ToSlash(rel), Mode: int64(modeOf(rel)), Size: int64(len(data)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
		}
		if err := files.WriteHeader(h); err != nil {
			return err
		}
		_, err = files.Write(data)
		return err
	})
	return errors.Join(err, files.Close(), zipped.Close())
}
