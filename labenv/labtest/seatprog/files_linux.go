package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"

	"wirelab/labenv/labtest/seatprog/orders"
)

// file opens a file and reads it.
func (p *program) file(r orders.Request) orders.Reply {
	f, err := os.OpenFile(string(r.Text), r.Number, 0)
	if err != nil {
		return orders.Reply{Err: name(err)}
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err == nil && len(data) > 0 {
		_, err = f.Write(data) // it is for reading: this must not go well
		if err == nil {
			return orders.Reply{Err: "it can be written to"}
		}
		err = nil
	}
	return orders.Reply{Data: data, Err: name(err)}
}

// look describes a file by its path.
func (p *program) look(r orders.Request) orders.Reply {
	info, err := os.Stat(string(r.Text))
	if err != nil {
		return orders.Reply{Err: name(err)}
	}
	return orders.Reply{Size: []int{int(info.Size()), int(info.Mode())}}
}

// terminal tells the size of a terminal.
func (p *program) terminal(r orders.Request) orders.Reply {
	size, err := unix.IoctlGetWinsize(r.Number, unix.TIOCGWINSZ)
	if err != nil {
		return orders.Reply{Err: name(err)}
	}
	return orders.Reply{Size: []int{int(size.Col), int(size.Row)}}
}
