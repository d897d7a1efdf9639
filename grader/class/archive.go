package class

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"wirelab/grader/untrusted"
)

// archive reads a submission that is one file.
func (t *taker) archive(path, ending string) error {
	f, err := os.Open(path) //nolint:gosec // Lstat has seen an ordinary file
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	switch ending {
	case ".zip":
		return t.zip(f)
	case ".tar":
		return t.tar(f)
	default:
		unzipped, err := gzip.NewReader(f)
		if err != nil {
			return broken(err)
		}
		return t.tar(unzipped)
	}
}

// broken says that an archive cannot be read, unless the problem is another.
func broken(err error) error {
	var known *ProblemError
	if errors.As(err, &known) {
		return known
	}
	return problem("the archive cannot be unpacked: %v", untrusted.Cause(err))
}

// errUnpacked ends an archive that unpacks to too much.
var errUnpacked = problem("the archive unpacks to more than %d MiB; hand in the exercises alone", maxUnpacked>>20)

// metered fails once more than left bytes were read.
type metered struct {
	r    io.Reader
	left int64
}

// Read satisfies io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if m.left -= int64(n); m.left < 0 {
		return 0, errUnpacked
	}
	return n, err
}

// tar reads a tar file to its end, and no further than the limits.
func (t *taker) tar(r io.Reader) error {
	files := tar.NewReader(&metered{r, maxUnpacked})
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		mode := h.FileInfo().Mode().Type()
		if h.Typeflag == tar.TypeLink {
			mode = fs.ModeSymlink // a name for another file is none of the submission's own
		}
		if err := t.member(h.Name, mode, files); err != nil {
			return err
		}
	}
}

// zip reads the files of a zip archive that lie in an exercise's folder.
func (t *taker) zip(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	files, err := zip.NewReader(f, info.Size())
	if err != nil {
		return broken(err)
	}
	meter := &metered{left: maxUnpacked}
	for _, m := range files.File {
		const encrypted = 1 // of the flags: APPNOTE.TXT 4.4.4
		if m.Flags&encrypted != 0 {
			return problem("the archive is encrypted")
		}
		if err := t.zipped(m, meter); err != nil {
			return err
		}
	}
	return nil
}

func (t *taker) zipped(m *zip.File, meter *metered) error {
	if _, _, wanted := t.place(m.Name); !wanted {
		return t.count()
	}
	r, err := m.Open()
	if err != nil {
		return broken(err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	meter.r = r
	return t.member(m.Name, m.Mode().Type(), meter)
}

// member takes one file of an archive.
func (t *taker) member(name string, mode fs.FileMode, r io.Reader) error {
	if err := t.count(); err != nil {
		return err
	}
	root, rest, wanted := t.place(name)
	if !wanted || depth(rest) > 2 {
		return nil
	}
	var data []byte
	if mode.IsRegular() && depth(rest) == 1 {
		var err error
		if data, err = untrusted.Bounded(r, maxFile); err != nil && !errors.Is(err, untrusted.ErrTooLarge) {
			return broken(err)
		}
	}
	return t.keep(root, rest, mode, data)
}

// Pack writes what was taken as a tar.gz that Take reads to the same. Two of the
// same submission are equal byte for byte.
func (t Taken) Pack(w io.Writer) error {
	zipped := gzip.NewWriter(w)
	files := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		f := t.files[name]
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(f.Data)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		switch {
		case f.Mode.IsDir():
			h.Typeflag, h.Name, h.Mode = tar.TypeDir, strings.TrimSuffix(name, "/")+"/", 0o755
		case f.Mode&fs.ModeSymlink != 0:
			h.Typeflag, h.Linkname = tar.TypeSymlink, "elsewhere"
		case !f.Mode.IsRegular():
			h.Typeflag = tar.TypeFifo
		}
		if err := files.WriteHeader(h); err != nil {
			return fmt.Errorf("pack the submission: %w", err)
		}
		if _, err := files.Write(f.Data); err != nil {
			return fmt.Errorf("pack the submission: %w", err)
		}
	}
	return errors.Join(files.Close(), zipped.Close())
}
