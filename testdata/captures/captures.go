// Package captures holds recordings of labs of ours, with what is true of them.
// `make recordings` makes them again (grader/cmd/record).
package captures

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/netip"

	"wirelab/exercises/port"
)

//go:embed *.pcap *.pcapng captures.json
var files embed.FS

// Index is the name of the file that lists the recordings.
const Index = "captures.json"

// Recording is a recording of a host that was scanned.
type Recording struct {
	Name     string // of the file
	Scanner  netip.Addr
	Segments int           // how many TCP segments there are
	Results  []port.Result // by the lab's plan, by rising port; without RTT
	Data     []byte        `json:"-"`
}

// All returns the recordings.
func All() ([]Recording, error) {
	raw, err := files.ReadFile(Index)
	if err != nil {
		return nil, fmt.Errorf("the recordings: %w", err)
	}
	var all []Recording
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("the recordings: %s: %w", Index, err)
	}
	for i := range all {
		if all[i].Data, err = files.ReadFile(all[i].Name); err != nil {
			return nil, fmt.Errorf("the recordings: %w", err)
		}
	}
	return all, nil
}
