package holder

import (
	"net"
	"testing"
	"time"
)

func TestDatagramsGoToThePeerAndAnswersComeBackFromWhereTheyWereAsked(t *testing.T) {
	service, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	go func() {
		buffer := make([]byte, 99)
		for {
			n, from, err := service.ReadFrom(buffer)
			if err != nil {
				return
			}
			service.WriteTo(append([]byte("to "), buffer[:n]...), from)
		}
	}()
	r := NewRelay()
	defer r.Close()
	port := service.LocalAddr().(*net.UDPAddr).Port
	at, err := r.Listen([]int{port}, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	// 127.0.0.9 is no address that the kernel would choose by itself: a connected client hears from no other.
	for _, address := range []string{"127.0.0.1", "127.0.0.9", "::1"} {
		client, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.ParseIP(address), Port: at[port]})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for _, word := range []string{"one", "two"} {
			client.Write([]byte(word))
			client.SetReadDeadline(time.Now().Add(2 * time.Second))
			buffer := make([]byte, 99)
			n, err := client.Read(buffer)
			if err != nil || string(buffer[:n]) != "to "+word {
				t.Errorf("%s: %q %v", address, buffer[:n], err)
			}
		}
	}
	if len(r.peers) != 3 {
		t.Errorf("%d clients are known, expected 3", len(r.peers))
	}
	if again, err := r.Listen([]int{port}, "127.0.0.1"); err != nil || again[port] != at[port] {
		t.Errorf("listening again: %v %v", again, err)
	}
	r.Close()
	if len(r.Ports()) != 0 {
		t.Error("it listens on after its end")
	}
}
