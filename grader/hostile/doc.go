// Package hostile proves that learners' code is contained, and named on the
// check that it hits. It has no code of its own, only tests: each sends in a
// submission that attacks the kit, under testdata, and looks at what becomes
// of it. The attack's control is the same program with the guard taken away
// that is meant to stop it (sandbox.Guards): there the attack must succeed, or
// the test would prove nothing.
//
// An attack prints a line that begins with "got" for whatever it achieves.
// Otherwise it answers as it should, so that nothing but the attack can make
// it fail.
//
// The tests need Linux namespaces. They hold for root and for ordinary users:
//
//	go test ./grader/hostile
//	go test -c -o /tmp/hostile.test ./grader/hostile
//	cd grader/hostile && setpriv --reuid 65534 --regid 65534 --clear-groups \
//		env HOME=/tmp/nobody GOCACHE=/tmp/nobody/cache GOMODCACHE=/tmp/nobody/mod \
//		PATH="$PATH" /tmp/hostile.test
//
// where /tmp/nobody belongs to that user, and mod is a copy of the module cache.
// The attacks are bounded in size and time, controls most of all: no test
// endangers the machine that it runs on.
package hostile
