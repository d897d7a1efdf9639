package exercise

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// lines says on which line of a manifest each key stands: "title",
// "check[0]" (its header), "check[0].points". Decoding forgets positions, and
// an author wants to be told where.
type lines map[string]int

// at returns the line of the first key that the manifest has, or 1 where a
// key is missing and nothing better is known.
func (l lines) at(keys ...string) int {
	for _, key := range keys {
		if line, found := l[key]; found {
			return line
		}
	}
	return 1
}

// index finds the lines of all keys of a document that decodes. Of a document
// that does not, it finds those before the error.
func index(document []byte) lines {
	found := lines{}
	tables := map[string]int{}
	prefix := ""
	var p unstable.Parser
	p.Reset(document)
	for p.NextExpression() {
		node := p.Expression()
		key, line := keyOf(&p, node)
		switch node.Kind {
		case unstable.ArrayTable:
			element := fmt.Sprintf("%s[%d]", key, tables[key])
			tables[key]++
			found[element], prefix = line, element+"."
		case unstable.Table:
			found[key], prefix = line, key+"."
		case unstable.KeyValue:
			found[prefix+key] = line
		}
	}
	return found
}

// keyOf returns an expression's key, dotted, and the line it stands on.
func keyOf(p *unstable.Parser, node *unstable.Node) (key string, line int) {
	if node.Kind != unstable.KeyValue && node.Kind != unstable.Table && node.Kind != unstable.ArrayTable {
		return "", 0
	}
	var parts []string
	for it := node.Key(); it.Next(); {
		part := it.Node()
		parts = append(parts, string(part.Data))
		line = p.Shape(part.Raw).Start.Line
	}
	return strings.Join(parts, "."), line
}
