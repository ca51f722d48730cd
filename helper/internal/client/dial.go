package client

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"lifeboat/helper/internal/paths"
	"lifeboat/helper/internal/rehearsal"
)

// DialPeer connects a port of the other side with stdin and stdout, after one line that says so. Whoever checks a side
// that holds its clients comes this way: that side lets its peer alone pass.
func DialPeer(p paths.Paths, port int, input io.Reader, output io.Writer) error {
	answer, err := Ask(p, map[string]any{"op": "peer-port", "port": port})
	if err != nil {
		return err
	}
	address, ok := answer["address"].(string)
	if !ok {
		return fmt.Errorf("%v", answer["text"])
	}
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	return speak(conn, input, output)
}

// DialRehearsed is DialPeer for a port of the services that are rehearsed on this side.
func DialRehearsed(p paths.Paths, port int, input io.Reader, output io.Writer) error {
	conn, err := rehearsal.Dial(p.Rehearsal(), port)
	if err != nil {
		return err
	}
	return speak(conn, input, output)
}

// speak tells that the connection stands, and carries it to its end.
func speak(conn net.Conn, input io.Reader, output io.Writer) error {
	defer conn.Close()
	if _, err := fmt.Fprintln(output, "connected"); err != nil {
		return err
	}
	return join(conn, input, output)
}

// lead connects the other side with a port on this loopback, if a way leads there. What it refuses goes to stderr.
func lead(p paths.Paths, asked string, input io.Reader, output io.Writer) error {
	port, err := strconv.Atoi(asked)
	if err != nil {
		return fmt.Errorf("%.20q is no port", asked)
	}
	if err := askPeer(p, map[string]any{"op": "peer-way", "port": port}); err != nil {
		return err
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", asked), 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	return join(conn, input, output)
}

// join passes bytes both ways until the connection ends.
func join(conn net.Conn, input io.Reader, output io.Writer) error {
	go func() {
		io.Copy(conn, input)
		conn.(*net.TCPConn).CloseWrite()
	}()
	_, err := io.Copy(output, conn)
	return err
}
