package plan

// Practice is the fixed plan of the practice lab: the table that the lessons
// print, that `wirelab lab shell` enters and that labtest's tests pin. The
// neighbour has one open port, for scanners that stray to find.
func Practice() Plan {
	p := empty(0)
	tcp := func(n uint16, b Behaviour, opts ...Option) Port {
		q := Port{Number: n, Proto: TCP, Behaviour: b}
		for _, o := range opts {
			o(&q)
		}
		return q
	}
	p.Target.Ports = []Port{
		tcp(9001, Echo),
		tcp(9002, Closed),
		tcp(9003, Drop),
		tcp(9004, ICMP, WithCode(13)),
		tcp(9005, ICMP, WithCode(1)),
		tcp(9006, Silent, WithText("you spoke first\r\n")),
		tcp(9007, AcceptClose),
		tcp(9008, AcceptReset),
		tcp(9009, Closed),
		tcp(2222, Greeting, WithText("SSH-2.0-wirelab_1.0\r\n")),
		tcp(2525, Greeting, WithText("220 mail.lab.test ESMTP\r\n")),
		tcp(2121, Greeting, WithText("220 ftp.lab.test FTP server ready\r\n")),
		tcp(8080, HTTP),
		tcp(8443, TLS),
		tcp(6379, Redis),
		tcp(53, DNS),
		{Number: 53, Proto: UDP, Behaviour: DNS},
		{Number: 9001, Proto: UDP, Behaviour: Echo},
		{Number: 9002, Proto: UDP, Behaviour: Closed},
	}
	p.Neighbour.Ports = []Port{tcp(9001, Echo)}
	return p
}
