package holder

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"testing"
	"time"
)

// server answers "hello" first, as some protocols do, echoes until its client ends, and says goodbye then.
func server(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.WriteString(conn, "hello ")
				io.Copy(conn, conn)
				io.WriteString(conn, " bye")
				conn.Close()
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func start(t *testing.T, port int) (*Holder, string) {
	t.Helper()
	h := New()
	t.Cleanup(h.Close)
	at, err := h.Listen([]int{port})
	if err != nil {
		t.Fatal(err)
	}
	return h, net.JoinHostPort("127.0.0.1", strconv.Itoa(at[port]))
}

func local(port int, _ string) []Place {
	return []Place{{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}}
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn.(*net.TCPConn)
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}

func TestHeldConnectionIsServedAfterRelease(t *testing.T) {
	port := server(t)
	h, address := start(t, port)
	h.Hold(time.Minute, 1)
	conns := []*net.TCPConn{}
	for range 50 {
		conn := dial(t, address)
		io.WriteString(conn, "early")
		conns = append(conns, conn)
	}
	until(t, "all are held", func() bool { return h.Counts().Held == 50 })
	conns[0].SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conns[0].Read(make([]byte, 1)); err == nil {
		t.Fatalf("%d bytes came while it was held", n)
	}
	conns[0].SetDeadline(time.Now().Add(10 * time.Second))
	if released, failed := h.Release(local); released != 50 || failed != 0 {
		t.Fatalf("%d released, %d failed", released, failed)
	}
	for _, conn := range conns {
		conn.CloseWrite() // the other direction stays open
		got, err := io.ReadAll(conn)
		if err != nil || string(got) != "hello early bye" {
			t.Fatalf("%q %v", got, err)
		}
	}
}

func TestBytesPassUnchangedBothWays(t *testing.T) {
	port := server(t)
	h, address := start(t, port)
	h.Pass(local)
	conn := dial(t, address)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() { conn.Write(sent); conn.CloseWrite() }()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, append([]byte("hello "), append(sent, " bye"...)...)) {
		t.Fatalf("%d bytes came back of %d: %v", len(got), len(sent), err)
	}
	until(t, "nothing is spliced any more", func() bool { return h.Counts().Spliced == 0 })
}

func TestNobodyIsHeldLongerThanTheLimit(t *testing.T) {
	h, address := start(t, server(t))
	h.Hold(80*time.Millisecond, 1)
	conn := dial(t, address)
	begin := time.Now()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Fatal("something was read")
	}
	if waited := time.Since(begin); waited < 50*time.Millisecond || waited > 2*time.Second {
		t.Fatalf("it was held for %s", waited)
	}
	if c := h.Counts(); c.Held != 0 || c.Expired != 1 {
		t.Fatalf("%+v", c)
	}
}

func TestRefusingResets(t *testing.T) {
	h, address := start(t, server(t))
	h.Hold(time.Minute, 1)
	held := dial(t, address)
	until(t, "it is held", func() bool { return h.Counts().Held == 1 })
	h.Refuse()
	if _, err := held.Read(make([]byte, 1)); err == nil {
		t.Fatal("what was held is still open")
	}
	late, err := net.Dial("tcp", address) // the reset may come at once
	if err == nil {
		defer late.Close()
		_, err = late.Read(make([]byte, 1))
	}
	if err == nil || errors.Is(err, io.EOF) {
		t.Fatalf("what came late was not refused: %v", err)
	}
}

func TestReleaseWaitsForAServiceThatIsJustStarting(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	h, address := start(t, port)
	h.Hold(time.Minute, 1)
	conn := dial(t, address)
	until(t, "it is held", func() bool { return h.Counts().Held == 1 })
	go func() {
		time.Sleep(200 * time.Millisecond) // the service needs a moment
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return
		}
		defer l.Close()
		if c, err := l.Accept(); err == nil {
			io.WriteString(c, "up")
			c.Close()
		}
	}()
	if released, failed := h.Release(local); released != 1 || failed != 0 {
		t.Fatalf("%d released, %d failed", released, failed)
	}
	if got, _ := io.ReadAll(conn); string(got) != "up" {
		t.Fatalf("%q", got)
	}
}
