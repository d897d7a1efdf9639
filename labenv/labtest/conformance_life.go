package labtest

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv"
	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/plan"
)

// Closing a program kills it: what it had open is gone when Close returns, and
// on the wire its connections have ended (tcp(7)). Closing twice is no error.
func (s suite) closeProgram(t *testing.T) {
	d := plan.New(63)
	p := d.Port(plan.Echo)
	b := s.lab(t, d.Plan())
	for i := range 10 { // what lags behind is late once in a while
		prog := b.run(t, nil)
		prog.connect(t, b.target(p))
		prog.order(t, orders.Request{Do: orders.Spin})
		require.NoError(t, prog.Close())
		trace, _ := b.traces(t)
		require.Len(t, trace.To(p.Number), i+1)
		_, ended := trace.To(p.Number)[i].Ended()
		require.True(t, ended, "the connection of a program that was closed")
		require.NoError(t, prog.Close())
		require.Equal(t, sigKill, prog.wait(t).Signal)
		_, err := prog.Channel().Read(make([]byte, 1))
		require.Error(t, err)
		require.Empty(t, <-prog.stdout)
	}
}

// Closing a lab ends the programs in its seat, whatever they are doing (exit of
// the first process of a namespace, pid_namespaces(7)). Closing twice is no
// error, and neither is closing a program of it afterwards.
func (s suite) closeLab(t *testing.T) {
	b, idle := s.alone(t, nil)
	busy := b.run(t, nil)
	busy.order(t, orders.Request{Do: orders.Spin})
	waited := make(chan error, 1)
	go func() {
		_, err := idle.Wait(context.Background())
		waited <- err
	}()
	require.NoError(t, b.Close())
	require.ErrorIs(t, <-waited, labenv.ErrClosed)
	for _, prog := range []*program{idle, busy} {
		_, _ = io.ReadAll(prog.Channel()) // ends: with EOF, or a reset where a request was never read
		<-prog.stdout
		<-prog.stderr
		require.NoError(t, prog.Close())
	}
	require.NoError(t, b.Close())
}

// Every method of a closed lab, and of a program in it, says so with an error
// that matches labenv.ErrClosed.
func (s suite) closedLab(t *testing.T) {
	b, prog := s.alone(t, nil)
	played := b.Plan()
	require.NoError(t, b.Close())
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"Captures":         func() error { _, err := b.Captures(ctx); return err },
		"Start":            func() error { _, err := b.tryRun(ctx, nil); return err },
		"Descriptors":      func() error { _, err := prog.Descriptors(ctx); return err },
		"LimitDescriptors": func() error { return prog.LimitDescriptors(ctx, 10) },
		"Signal":           func() error { return prog.Signal(ctx, sigKill) },
		"Wait":             func() error { _, err := prog.Wait(ctx); return err },
	} {
		assert.ErrorIs(t, call(), labenv.ErrClosed, name)
	}
	assert.Equal(t, played, b.Plan(), "the plan is still known")
}

// A Maker whose context has ended makes no lab, and its error matches the
// context's, whenever it ended.
func (s suite) cancelledStart(t *testing.T) {
	p := everyBehaviour(60)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	l, err := s.start(over, p)
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, l)
	for after := 50 * time.Microsecond; after < time.Second; after *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		l, err := s.start(ctx, p)
		cancel()
		if err == nil {
			require.NoError(t, l.Close())
			return // the machine is faster than that
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Nil(t, l)
	}
}

// A program whose start is cancelled does not run: where it had been started
// already, it is ended. The lab goes on.
func (s suite) cancelledProgram(t *testing.T) {
	b := s.lab(t, plan.New(61).Plan())
	over, cancel := context.WithCancel(t.Context())
	cancel()
	prog, err := b.tryRun(over, nil)
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, prog)
	for after := 50 * time.Microsecond; after < time.Second; after *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		prog, err := b.tryRun(ctx, nil)
		cancel()
		if err == nil {
			require.NoError(t, prog.Close())
			break // the machine is faster than that
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	b.run(t, nil).do(t, orders.Request{Do: orders.Describe})
}

// A plan that cannot be played starts nothing (plan.ErrInvalid).
func (s suite) invalidPlan(t *testing.T) {
	p := plan.New(62).Plan()
	p.Target.Ports = []plan.Port{{Number: 0, Proto: plan.TCP, Behaviour: plan.Echo}}
	l, err := s.start(t.Context(), p)
	require.ErrorIs(t, err, plan.ErrInvalid)
	assert.Nil(t, l)
}
