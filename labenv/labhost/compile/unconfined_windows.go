package compile

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// takeAway moves a file out of its folder, and opens it so that it is gone
// when it is closed (CreateFile, FILE_FLAG_DELETE_ON_CLOSE).
func takeAway(path string) (*os.File, error) {
	kept, err := os.CreateTemp("", "wirelab-program-*")
	if err != nil {
		return nil, fmt.Errorf("a place for the program: %w", err)
	}
	if err := kept.Close(); err != nil {
		return nil, fmt.Errorf("a place for the program: %w", err)
	}
	if err := os.Rename(path, kept.Name()); err != nil {
		return nil, fmt.Errorf("the compiler left no program: %w", err)
	}
	name, err := windows.UTF16PtrFromString(kept.Name())
	if err != nil {
		return nil, err
	}
	handle, err := windows.CreateFile(name, windows.GENERIC_READ|windows.DELETE, windows.FILE_SHARE_READ|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_FLAG_DELETE_ON_CLOSE, 0)
	if err != nil {
		return nil, fmt.Errorf("open the program: %w", err)
	}
	return os.NewFile(uintptr(handle), kept.Name()), nil
}

// systemEnvironment is what programs of the system need in any environment:
// without SystemRoot a Windows process finds no random numbers.
func systemEnvironment() []string {
	env := []string{"TMP=" + os.TempDir(), "TEMP=" + os.TempDir()}
	for _, key := range []string{"SystemRoot", "PATHEXT"} {
		env = append(env, key+"="+os.Getenv(key))
	}
	return env
}
