// Package labtest is for tests. Learners' tests meet the lab that they run in
// through Open; TestLab is the conformance suite that every maker of labs must
// pass.
package labtest

import (
	"testing"

	"wirelab/labenv"
)

// TestLab runs the conformance suite on labs that start makes: what every lab
// must do, whatever it is made of, so that a check gives the same verdict on
// each. It needs the go command, for it builds the program that sits in the
// learner's place.
//
// The subtests run in parallel, each in a lab of its own.
func TestLab(t *testing.T, start labenv.Maker) {
	s := suite{start: start, exe: buildSeatProgram(t)}
	for _, c := range conformance {
		t.Run(c.behaviour, func(t *testing.T) {
			t.Parallel()
			c.prove(s, t)
		})
	}
}

// conformance lists what the suite proves.
var conformance = []struct {
	behaviour string
	prove     func(suite, *testing.T)
}{
	{"every behaviour shows on the wire and in connect", suite.behaviours},
	{"a port that no plan names is closed", suite.unlistedPort},
	{"a lost packet is lost", suite.totalLoss},
	{"some packets get lost", suite.partialLoss},
	{"the first packets get lost", suite.firstLost},
	{"forgeries come, and are no answers", suite.forgeries},
	{"a burst of connections loses none", suite.burst},
	{"every rejected port gets its ICMP error", suite.noRateLimit},
	{"datagrams", suite.datagrams},
	{"the same plan behaves the same", suite.repeatable},

	{"services that speak first", suite.greeting},
	{"services that wait", suite.silent},
	{"services that echo", suite.echo},
	{"services that close", suite.acceptClose},
	{"services that reset", suite.acceptReset},
	{"services that are asked", suite.protocols},
	{"services that keep to a script", suite.scripts},
	{"names that a plan makes", suite.names},

	{"clients tell what came back", suite.clients},
	{"clients at once", suite.clientsAtOnce},
	{"clients that stay", suite.clientsKept},
	{"clients that are mistreated", suite.clientsMistreated},
	{"clients that reset", suite.clientsReset},
	{"clients of a lab that is closed", suite.clientsClosed},

	{"the neighbour is reachable and separate", suite.neighbour},
	{"hosts are found over IPv6 at the first try", suite.foundAtOnce},
	{"nothing lies beyond the net", suite.noWayOut},
	{"labs do not see each other", suite.separateLabs},

	{"captures are complete at once", suite.captureComplete},
	{"captures tell the direction", suite.captureDirection},
	{"captures are sealed with their nonce", suite.captureNonce},
	{"captures keep what was there", suite.captureKeeps},
	{"captures at once", suite.captureConcurrent},
	{"captures in a flood", suite.captureFlood},

	{"a program is given what it is given", suite.surroundings},
	{"a program reads its files", suite.files},
	{"a program's files are its own", suite.filesApart},
	{"a program's terminal", suite.terminal},
	{"a file that is no program", suite.noProgram},
	{"a program prints", suite.prints},
	{"a program ends", suite.ends},
	{"a program's channel ends", suite.channelEnds},
	{"signals", suite.signals},
	{"descriptors are counted from outside", suite.descriptors},
	{"descriptors are limited at the start", suite.limitedDescriptors},
	{"descriptors are limited later", suite.lowersDescriptors},
	{"memory is limited", suite.limitedMemory},
	{"CPU time is limited", suite.limitedCPU},
	{"several programs in one seat", suite.severalPrograms},
	{"raw sockets where they are granted", suite.rawGranted},
	{"no raw sockets where they are not", suite.rawRefused},

	{"closing a program ends it", suite.closeProgram},
	{"closing a lab ends what runs", suite.closeLab},
	{"a closed lab says so", suite.closedLab},
	{"a start that is cancelled", suite.cancelledStart},
	{"a program whose start is cancelled", suite.cancelledProgram},
	{"a plan that cannot be played", suite.invalidPlan},
}
