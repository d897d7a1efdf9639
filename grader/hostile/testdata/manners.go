package probe

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"
)

// attack is none: it does what a solution may do, in ways that make Go's
// library ask the system for this and that.
func attack(netip.AddrPort) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			io.Copy(conn, conn) // splice(2), where it is to be had
			conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	fmt.Fprint(conn, "an echo")
	conn.(*net.TCPConn).CloseWrite()
	echo, err := io.ReadAll(conn)
	fmt.Printf("heard %q, %v\n", echo, err)
	conn.Close()
	listener.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	net.DefaultResolver.LookupHost(ctx, "target.lab.example")
	net.DefaultResolver.LookupPort(ctx, "tcp", "https")
	udp, err := net.ListenUDP("udp", nil)
	if err == nil {
		udp.SetReadBuffer(1 << 20)
		udp.Close()
	}
	fmt.Println(time.Now().Local().IsZero(), os.Getpid() > 0)
	hostname, err := os.Hostname()
	fmt.Println(hostname != "", err)
	io.Copy(io.Discard, os.Stdin)
}
