package main

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/labenv"
)

// A lab that cannot be had comes with the way to allow it, as far as the
// machine's settings tell.
func TestRemedy(t *testing.T) {
	unavailable := fmt.Errorf("%w: operation not permitted", labenv.ErrUnavailable)
	for _, test := range []struct {
		name  string
		err   error
		files map[string]string
		want  []string // none: there is no remedy
	}{
		{"user namespaces off", unavailable, map[string]string{"/proc/sys/user/max_user_namespaces": "0\n"},
			[]string{"sudo sysctl user.max_user_namespaces=15000"}},
		{"network namespaces off", unavailable, map[string]string{"/proc/sys/user/max_net_namespaces": "0\n"},
			[]string{"sudo sysctl user.max_net_namespaces=15000"}},
		{"Debian's old switch", unavailable, map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "0\n"},
			[]string{"sudo sysctl kernel.unprivileged_userns_clone=1"}},
		{"AppArmor", unavailable, map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"},
			[]string{"sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0", "`userns,`"}},
		{"AppArmor lets them be made, and be of no use", errors.New("seat: mount: permission denied"),
			map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"},
			[]string{"sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"}},
		{"two switches", unavailable,
			map[string]string{"/proc/sys/user/max_user_namespaces": "0\n", "/proc/sys/kernel/unprivileged_userns_clone": "0\n"},
			[]string{"user.max_user_namespaces=15000", "kernel.unprivileged_userns_clone=1"}},
		{"a container", unavailable, map[string]string{"/proc/self/status": "Name:\twirelab\nSeccomp:\t2\nSeccomp_filters:\t1\n"},
			[]string{"--security-opt seccomp=unconfined"}},
		{"nothing that is known", unavailable,
			map[string]string{"/proc/sys/user/max_user_namespaces": "15000\n", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "0\n", "/proc/self/status": "Seccomp:\t0\n"},
			[]string{"virtual machine"}},
		{"another failure in a container", errors.New("seat: no memory"), map[string]string{"/proc/self/status": "\nSeccomp:\t2\n"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			read := func(path string) ([]byte, error) {
				text, ok := test.files[path]
				if !ok {
					return nil, fs.ErrNotExist
				}
				return []byte(text), nil
			}
			got := remedy(test.err, read)
			if len(test.want) == 0 {
				assert.Empty(t, got)
			}
			for _, want := range test.want {
				assert.Contains(t, got, want)
			}
		})
	}
}
