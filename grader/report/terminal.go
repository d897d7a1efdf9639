package report

import "os"

// IsTerminal tells whether f is a terminal, as far as its mode tells: it is a
// character device, and not the null device.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// WantColor tells whether to colour what goes to a terminal or elsewhere:
// never elsewhere, not where NO_COLOR is set to anything (no-color.org), nor
// on a terminal that calls itself dumb.
func WantColor(terminal bool, getenv func(string) string) bool {
	return terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}
