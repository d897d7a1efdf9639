package awful

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// Main plays a program that is its own master: it does what the first of args
// says, and exits.
func Main(args []string) {
	switch args[0] {
	case "print": // to stdout, to stderr; the exit status
		fmt.Print(args[1])
		fmt.Fprint(os.Stderr, args[2])
		status, err := strconv.Atoi(args[3])
		if err != nil {
			panic(err)
		}
		os.Exit(status)
	case "panic":
		Panic([]int{1, 2})
	case "wait":
		signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR1) // waits without being a deadlock
		select {}
	case "flood":
		for {
			os.Stdout.Write(bytes.Repeat([]byte("flood\n"), 1000))
		}
	case "interrupted":
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt)
		fmt.Println("ready")
		<-c
		fmt.Fprintln(os.Stderr, "interrupted")
		os.Exit(1)
	}
}
