// Package warm imports what drivers and learners' code may import. `make build`
// compiles it with the flags of grader/build, so that all of it lies in the
// build cache: the compiler's sandbox may read the cache and not write to it,
// and a first `make check` should not have to wait for the standard library.
package warm

import (
	// The standard library, as far as learners' code may use it.
	_ "bufio"
	_ "bytes"
	_ "cmp"
	_ "container/heap"
	_ "container/list"
	_ "context"
	_ "crypto/tls"
	_ "encoding/binary"
	_ "encoding/hex"
	_ "encoding/json"
	_ "errors"
	_ "flag"
	_ "fmt"
	_ "io"
	_ "iter"
	_ "log"
	_ "maps"
	_ "math"
	_ "math/bits"
	_ "math/rand"
	_ "math/rand/v2"
	_ "net"
	_ "net/netip"
	_ "os"
	_ "os/signal"
	_ "regexp"
	_ "slices"
	_ "sort"
	_ "strconv"
	_ "strings"
	_ "sync"
	_ "sync/atomic"
	_ "syscall"
	_ "testing/iotest"
	_ "text/tabwriter"
	_ "time"
	_ "unicode"
	_ "unicode/utf8"

	// Modules, as far as learners' code may use them.
	_ "github.com/google/gopacket"
	_ "github.com/google/gopacket/layers"
	_ "github.com/google/gopacket/pcapgo"
	_ "golang.org/x/sys/unix"

	// What every driver is made of.
	_ "wirelab/exercises/port"
	_ "wirelab/grader/drivers/serve"
)
