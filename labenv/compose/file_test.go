package compose_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"wirelab/labenv/compose"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// description is all that docker-compose.yml may say. What is not here, such as
// ports, volumes or privileged, cannot be read, and fails the tests.
type description struct {
	Host     service           `yaml:"x-host"`
	Quiet    map[string]string `yaml:"x-quiet"`
	Services map[string]service
	Networks map[string]network
}

type service struct {
	Build struct {
		Context, Dockerfile, Target string
	}
	Command      []string
	User         string
	ReadOnly     bool     `yaml:"read_only"`
	CapDrop      []string `yaml:"cap_drop"`
	CapAdd       []string `yaml:"cap_add"`
	SecurityOpt  []string `yaml:"security_opt"`
	Sysctls      map[string]string
	MemLimit     string `yaml:"mem_limit"`
	MemswapLimit string `yaml:"memswap_limit"`
	PidsLimit    int    `yaml:"pids_limit"`
	DNS          []string
	DNSSearch    []string `yaml:"dns_search"`
	Logging      struct {
		Driver  string
		Options map[string]string
	}
	Labels      map[string]string
	NetworkMode string   `yaml:"network_mode"`
	DependsOn   []string `yaml:"depends_on"`
	Networks    map[string]struct {
		Address string `yaml:"ipv4_address"`
	}
}

type network struct {
	Driver   string
	Internal bool
	Options  map[string]string `yaml:"driver_opts"`
	IPAM     struct {
		Config []struct{ Subnet string }
	}
	Labels map[string]string
}

// read reads docker-compose.yml.
func read(t *testing.T) description {
	t.Helper()
	root, err := binary.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	require.NoError(t, err)
	var d description
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&d))
	return d
}

// noIPv6 are the settings that take IPv6 away, which the plan has and this lab
// has not.
func noIPv6() map[string]string {
	return map[string]string{
		"net.ipv6.conf.all.disable_ipv6":     "1",
		"net.ipv6.conf.default.disable_ipv6": "1",
	}
}

// places are the services that have a host's place in the network.
func places() map[string]plan.Host {
	p := plan.Practice()
	return map[string]plan.Host{"target": p.Target, "neighbour": p.Neighbour, "wire": p.Seat}
}

func TestServicesAreThePlansHosts(t *testing.T) {
	d := read(t)
	require.Len(t, d.Services, len(places())+1)
	for name, h := range places() {
		t.Run(name, func(t *testing.T) {
			s, ok := d.Services[name]
			require.True(t, ok)
			assert.Equal(t, []string{protocol.ModePractice, h.Name}, s.Command)
			require.Contains(t, s.Networks, "lab")
			assert.Len(t, s.Networks, 1, "another network would be a way out")
			assert.Equal(t, h.Addr.String(), s.Networks["lab"].Address)
			assert.Equal(t, []string{plan.TargetAddr.String()}, s.DNS, "the engine asks nobody outside")
			assert.Empty(t, s.NetworkMode)
		})
	}
	seat := d.Services["seat"]
	assert.Equal(t, "service:wire", seat.NetworkMode)
	assert.Empty(t, seat.Networks)
}

func TestNetworkIsThePlans(t *testing.T) {
	d := read(t)
	require.Len(t, d.Networks, 1)
	n := d.Networks["lab"]
	assert.True(t, n.Internal)
	assert.Equal(t, map[string]string{"com.docker.network.bridge.inhibit_ipv4": "true"}, n.Options)
	require.Len(t, n.IPAM.Config, 1)
	assert.Equal(t, compose.Subnet().String(), n.IPAM.Config[0].Subnet)
	for _, h := range places() {
		assert.True(t, compose.Subnet().Contains(h.Addr), h.Name)
	}
}

func TestHostsHaveTheirSettings(t *testing.T) {
	want := noIPv6()
	for _, s := range protocol.HostSettings {
		want["net."+strings.ReplaceAll(s.Name, "/", ".")] = s.Value
	}
	d := read(t)
	for _, name := range []string{"target", "neighbour"} {
		assert.Equal(t, want, d.Services[name].Sysctls, name)
	}
	assert.Equal(t, noIPv6(), d.Services["wire"].Sysctls)
}

// A container may do what it needs, and no more.
func TestServicesAreConfined(t *testing.T) {
	capabilities := map[string][]string{
		"target":    {"NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"},
		"neighbour": {"NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"},
		"wire":      {"NET_ADMIN"},
		"seat":      nil,
	}
	for name, s := range read(t).Services {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{"ALL"}, s.CapDrop)
			assert.Equal(t, capabilities[name], s.CapAdd)
			assert.True(t, s.ReadOnly)
			assert.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt)
			assert.NotEmpty(t, s.MemLimit)
			assert.Equal(t, s.MemLimit, s.MemswapLimit)
			assert.Positive(t, s.PidsLimit)
			assert.Equal(t, "json-file", s.Logging.Driver)
			assert.Equal(t, map[string]string{"max-size": "1m", "max-file": "1"}, s.Logging.Options)
		})
	}
}

// Labels of the kit's other containers (package docker) would have these swept
// away with those.
func TestLabelsAreTheLabsOwn(t *testing.T) {
	d := read(t)
	want := map[string]string{"wirelab.lab": "compose"}
	for name, s := range d.Services {
		assert.Equal(t, want, s.Labels, name)
	}
	assert.Equal(t, want, d.Networks["lab"].Labels)
}
