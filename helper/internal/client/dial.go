package client

import (
	"fmt"
	"io"
	"net"
	"time"

	"lifeboat/helper/internal/paths"
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
	defer conn.Close()
	if _, err := fmt.Fprintln(output, "connected"); err != nil {
		return err
	}
	go func() {
		io.Copy(conn, input)
		conn.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(output, conn)
	return err
}
