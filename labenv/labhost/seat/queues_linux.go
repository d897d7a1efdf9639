package seat

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"wirelab/labenv/labhost/protocol"
)

// boundQueues bounds what a connection of the seat's may have under way, in
// bytes: at least, at first, at most (tcp(7), tcp_rmem and tcp_wmem). Queues
// are the kernel's memory and count against no limit of the program's; by
// themselves they grow to several megabytes for each of a thousand connections.
func boundQueues() error {
	for name, value := range protocol.SeatQueues {
		err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("bound the queues of connections: %w", err)
		}
	}
	return nil
}
