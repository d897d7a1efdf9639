package checks

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/wire/capfile"
)

// traceChecks are the checks of 11_trace. There is no network in it: the
// captures are made here, and what they say is known by construction. Those
// about verdicts are in traceverdict.go.
var traceChecks = []check.Spec{
	{ID: "reads-pcap", Evidence: check.Answers, Run: traceReadsPcap},
	{ID: "reads-pcapng", Evidence: check.Answers, Run: traceReadsPcapng},
	{ID: "times-are-exact", Evidence: check.Answers, Run: traceTimesAreExact},
	{ID: "every-field", Evidence: check.Answers, Run: traceEveryField},
	{ID: "link-types", Evidence: check.Answers, Run: traceLinkTypes},
	{ID: "vlan-tags", Evidence: check.Answers, Run: traceTags},
	{ID: "headers-in-between", Evidence: check.Answers, Run: traceHeaders},
	{ID: "fragments", Evidence: check.Answers, Run: traceFragments},
	{ID: "payload-by-ip-length", Evidence: check.Answers, Run: tracePayload},
	{ID: "other-packets", Evidence: check.Answers, Run: traceOthers},
	{ID: "cut-files", Evidence: check.Answers, Run: traceCutFiles},
	{ID: "garbage-is-an-error", Evidence: check.Answers, Run: traceGarbage},
	{ID: "any-reader", Evidence: check.Answers, Run: traceAnyReader},
	{ID: "answers-decide", Evidence: check.Answers, Run: traceAnswersDecide},
	{ID: "icmp-gives-the-reason", Evidence: check.Answers, Run: traceReasons},
	{ID: "only-answers-count", Evidence: check.Answers, Run: traceOnlyAnswersCount},
	{ID: "tries-are-one-probe", Evidence: check.Answers, Run: traceTries},
	{ID: "one-host", Evidence: check.Answers, Run: traceOneHost},
	{ID: "recordings", Evidence: check.Answers, Run: traceRecordings},
}

// The ways in which a reader hands out a file, as the driver knows them.
const (
	atOnceReader  = ""
	byteByByte    = "byte by byte"
	endWithData   = "end with the data"
	failingReader = "failing"
)

// errReader is how the driver names the error of a failing reader.
const errReader = "the disk is gone"

// tracer calls the functions of the exercise.
type tracer struct {
	t *check.T
	b *check.Bench
}

func newTracer(t *check.T) tracer { return tracer{t, t.Bench(t.Draft().Plan())} }

// segments calls Segments.
func (k tracer) segments(c capture, how string) (got []segment, r *drive.Reply) {
	r = k.b.Call(check.Call{Method: "Segments", Args: []any{c.file, how}, Says: "Segments of " + c.says})
	if err := r.Decode(0, &got); err != nil {
		k.t.Broken(err)
	}
	return got, r
}

// fields are those that checks of their own hold: one mistake costs once.
type fields struct{ times, payloads, ttls bool }

// read has Segments read files that are whole, and holds what it says.
func (k tracer) read(what fields, files ...capture) {
	for _, c := range files {
		got, r := k.segments(c, atOnceReader)
		if r.Err != nil {
			k.fail(c, "it returned the error %q, but the file is whole", r.Err.Text)
		}
		k.hold(what, c, got, c.segments())
	}
}

// fail keeps the capture for the report and fails the check.
func (k tracer) fail(c capture, format string, args ...any) {
	k.t.Show(c.file)
	k.t.Failf("Segments of %s: %s", c.says, fmt.Sprintf(format, args...))
}

// hold compares segments with the truth.
func (k tracer) hold(what fields, c capture, got, want []segment) {
	for _, s := range want {
		if !slices.ContainsFunc(got, s.same) {
			k.fail(c, "the segment of %s is missing; it goes from %v to %v, sequence number %d", c.of(s.Seq), s.Src, s.Dst, s.Seq)
		}
	}
	for _, s := range got {
		if !slices.ContainsFunc(want, s.same) {
			k.fail(c, "a segment from %v to %v, sequence number %d, is not in the file", s.Src, s.Dst, s.Seq)
		}
	}
	if len(got) != len(want) {
		k.fail(c, "it returned %d segments, and there are %d", len(got), len(want))
	}
	for i, s := range want {
		if !got[i].same(s) {
			k.fail(c, "the segments are not in the order of the file")
		}
		if diff := got[i].differs(s, what); diff != "" {
			k.fail(c, "the segment of %s: %s", c.of(s.Seq), diff)
		}
	}
}

// same tells whether two are the same segment of a capture.
func (s segment) same(other segment) bool { return s.Seq == other.Seq }

// differs names the first field that is not as it should be.
func (s segment) differs(want segment, what fields) string {
	for _, f := range []struct {
		name      string
		held      bool
		got, want any
	}{
		{"Src", true, s.Src, want.Src}, {"Dst", true, s.Dst, want.Dst}, {"Ack", true, s.Ack, want.Ack},
		{"SYN", true, s.SYN, want.SYN}, {"ACK", true, s.ACK, want.ACK}, {"RST", true, s.RST, want.RST}, {"FIN", true, s.FIN, want.FIN},
		{"Payload", what.payloads, s.Payload, want.Payload}, {"TTL", what.ttls, s.TTL, want.TTL},
		{"Time", what.times, clock(s.Nanos), clock(want.Nanos)},
	} {
		if f.held && f.got != f.want {
			return fmt.Sprintf("%s is %v, not %v", f.name, f.got, f.want)
		}
	}
	return ""
}

// clock shows a time to the nanosecond.
func clock(nanos int64) string {
	if nanos == 0 {
		return "zero"
	}
	return time.Unix(0, nanos).UTC().Format("2006-01-02 15:04:05.000000000")
}

// traceReadsPcap: draft-ietf-opsawg-pcap.
func traceReadsPcap(t *check.T) { newTracer(t).read(fields{}, pcapFiles(t.Draft().Rand())...) }

// traceReadsPcapng: draft-ietf-opsawg-pcapng, section 4.
func traceReadsPcapng(t *check.T) { newTracer(t).read(fields{}, ngFiles(t.Draft().Rand())...) }

// traceTimesAreExact: draft-ietf-opsawg-pcapng, section 4.2, for if_tsresol and
// if_tsoffset.
func traceTimesAreExact(t *check.T) {
	newTracer(t).read(fields{times: true}, timeFiles(t.Draft().Rand())...)
}

// traceEveryField: RFC 9293, section 3.1.
func traceEveryField(t *check.T) {
	newTracer(t).read(fields{ttls: true}, fieldFiles(t.Draft().Rand())...)
}

// traceLinkTypes: https://www.tcpdump.org/linktypes.html.
func traceLinkTypes(t *check.T) { newTracer(t).read(fields{}, linkFiles(t.Draft().Rand())...) }

// traceTags: IEEE 802.1Q and 802.1ad.
func traceTags(t *check.T) { newTracer(t).read(fields{}, tagFiles(t.Draft().Rand())...) }

// traceHeaders: RFC 791, section 3.1; RFC 8200, section 4.
func traceHeaders(t *check.T) { newTracer(t).read(fields{}, headerFiles(t.Draft().Rand())...) }

// traceFragments: RFC 791, section 2.3; RFC 8200, section 4.5.
func traceFragments(t *check.T) { newTracer(t).read(fields{}, fragmentFiles(t.Draft().Rand())...) }

// tracePayload: RFC 9293, section 3.1: the data's size is nowhere in the
// header. It follows from IP's.
func tracePayload(t *check.T) {
	r := t.Draft().Rand()
	newTracer(t).read(fields{payloads: true}, append(slices.Concat(fragmentFiles(r), headerFiles(r)), payloadFiles(r)...)...)
}

// traceOthers: what is no segment, or not one of which the header is there.
func traceOthers(t *check.T) { newTracer(t).read(fields{}, otherFiles(t.Draft().Rand())...) }

// traceCutFiles: a file may end anywhere, for want of space or because the
// recorder was killed. Where it might have ended as well, nobody can tell.
func traceCutFiles(t *check.T) {
	k, r := newTracer(t), t.Draft().Rand()
	m := newRecorder(r)
	m.some(4)
	for _, c := range append(bothOrders(r, ngWithOptions), m.usual()) {
		k.cuts(c)
	}
	k.cutScan(r)
}

// cutScan has Verdicts read a scan whose last answer is cut off.
func (k tracer) cutScan(r *rand.Rand) {
	s := newScanStory(r, false)
	first, second := s.syn("answered before the cut"), s.syn("whose answer is cut off")
	s.closed(first)
	want := s.results()
	s.open(second)
	c := s.usual()
	c.file, c.says = c.file[:len(c.file)-1], s.says()+", cut one byte before its end"
	got, reply := k.verdicts(c, s.scanner)
	if !reply.Err.Is(io.ErrUnexpectedEOF) {
		k.failVerdicts(c, "it returned the error %v, which does not match io.ErrUnexpectedEOF", reply.Err)
	}
	k.holdVerdicts(s, c, got, want)
}

// cuts has Segments read a file that was cut, at each byte of it.
func (k tracer) cuts(c capture) {
	const magic, atOnce = 4, 64
	for from := magic; from < len(c.file); from += atOnce {
		var calls []check.Call
		for at := from; at < min(from+atOnce, len(c.file)); at++ {
			calls = append(calls, check.Call{Method: "Segments", Args: []any{c.file[:at], atOnceReader}, Quiet: true})
		}
		for i, r := range k.b.CallAll(calls...) {
			k.holdCut(c, from+i, r)
		}
	}
}

// holdCut holds what was said of a file that was cut.
func (k tracer) holdCut(c capture, at int, r *drive.Reply) {
	var got []segment
	if err := r.Decode(0, &got); err != nil {
		k.t.Broken(err)
	}
	whole, there := c.before(at)
	cut := c
	cut.file, cut.says = c.file[:at], fmt.Sprintf("%s that was cut after %d of %d bytes", c.says, at, len(c.file))
	switch bound := slices.Contains(c.bounds, at); {
	case bound && r.Err != nil:
		k.fail(cut, "it returned the error %q, but what is there is whole", r.Err.Text)
	case !bound && r.Err == nil:
		k.fail(cut, "it returned no error, though the file ends in the middle of something")
	case !bound && !r.Err.Is(io.ErrUnexpectedEOF):
		k.fail(cut, "it returned the error %q, which does not match io.ErrUnexpectedEOF", r.Err.Text)
	}
	if len(got) < whole || len(got) > there {
		k.fail(cut, "%d packets precede the cut, and it returned %d segments", whole, len(got))
	}
	k.hold(fields{}, cut, got, c.segments()[:len(got)])
}

// traceGarbage: no file that says such things was written by a recorder.
func traceGarbage(t *check.T) {
	k := newTracer(t)
	m := newRecorder(t.Draft().Rand())
	m.some(2)
	classic := m.usual().file
	for _, bad := range garbage(classic, ngWithOptions(newRecorder(t.Draft().Rand()), false)) {
		if _, r := k.segments(bad, atOnceReader); r.Err == nil {
			k.fail(bad, "it returned no error")
		}
		if _, r := k.verdicts(bad, netip.MustParseAddr("10.0.0.1")); r.Err == nil {
			k.failVerdicts(bad, "it returned no error")
		}
	}
	good := capture{says: "a good file after them", file: classic, packets: m.packets}
	k.read(fields{}, good)
}

// garbage are files that nobody can make sense of.
func garbage(classic []byte, ng capture) []capture {
	patched := func(file []byte, at int, b ...byte) []byte {
		file = bytes.Clone(file)
		copy(file[at:], b)
		return file
	}
	first := ng.bounds[1] // where the first packet's block begins
	const caplen, size, number = capfile.FileHeader + 8, 4, 8
	return []capture{
		{says: "an empty file", file: []byte{}},
		{says: "two bytes", file: classic[:2]},
		{says: "a text", file: []byte("GET / HTTP/1.1\r\nHost: target.lab.test\r\nAccept: */*\r\n\r\n")},
		{says: "a file full of zeros", file: make([]byte, 200)},
		{says: "a compressed file", file: slices.Concat([]byte{0x1f, 0x8b, 8, 0}, classic)},
		{says: "a pcap file whose first packet claims 4 GiB", file: patched(classic, caplen, 0xff, 0xff, 0xff, 0xff)},
		{says: "a pcapng file without a byte order", file: patched(ng.file, 8, 1, 2, 3, 4)},
		{says: "a pcapng file whose section claims 4 GiB", file: patched(ng.file, size, 0xfc, 0xff, 0xff, 0xff)},
		{says: "a pcapng file with a block of no size", file: patched(ng.file, first+size, 0, 0, 0, 0)},
		{says: "a pcapng file with a block of 8 bytes", file: patched(ng.file, first+size, 8, 0, 0, 0)},
		{says: "a pcapng file with a block of 4 GiB", file: patched(ng.file, first+size, 0xfc, 0xff, 0xff, 0xff)},
		{says: "a pcapng file with a packet of an interface that is not there", file: patched(ng.file, first+number, 9)},
		{says: "a pcapng file with a packet greater than its block", file: patched(ng.file, first+number+12, 0xff, 0xff)},
	}
}

// traceAnyReader: go doc io.Reader: a reader may return less than was asked for,
// or io.EOF together with data, and it may fail.
func traceAnyReader(t *check.T) {
	k, r := newTracer(t), t.Draft().Rand()
	m := newRecorder(r)
	m.some(4)
	for _, c := range append(bothOrders(r, ngWithOptions), m.usual()) {
		for _, how := range []string{byteByByte, endWithData} {
			got, r := k.segments(c, how)
			if r.Err != nil {
				k.fail(c, "from a reader that hands it out %s, it returned the error %q", how, r.Err.Text)
			}
			k.hold(fields{}, c, got, c.segments())
		}
		cut := c
		cut.file = c.file[:len(c.file)-1]
		for _, broken := range []capture{c, cut} {
			got, r := k.segments(broken, failingReader)
			if !r.Err.Matches(errReader) {
				k.fail(broken, "the reader failed, and the error %v does not match the reader's: wrap it with %%w", r.Err)
			}
			if whole, there := c.before(len(broken.file)); len(got) < whole || len(got) > there {
				k.fail(broken, "the reader failed after %d packets, and it returned %d segments: what precedes counts", whole, len(got))
			}
			k.hold(fields{}, c, got, c.segments()[:len(got)])
		}
	}
}
