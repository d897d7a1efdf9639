package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"

	"wirelab/labenv/plan"
)

// tlsService speaks TLS, with a certificate that it signs itself when the
// first client asks: a plan may have a TLS port that nobody ever looks at.
type tlsService struct {
	config *tls.Config
	// complains has it answer plaintext by HTTP, as nginx and net/http do.
	complains bool
}

// complaining returns the service with complaints.
func (s tlsService) complaining() tlsService {
	s.complains = true
	return s
}

func newTLSService(h plan.Host) tlsService {
	certificate := sync.OnceValues(func() (*tls.Certificate, error) { return selfSigned(h) })
	return tlsService{config: &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate() },
	}}
}

// serve answers one HTTP request over TLS. To what is no TLS record it closes
// without a byte, as OpenSSL does; crypto/tls by itself may send an alert.
func (s tlsService) serve(c client) {
	defer c.finish()
	var first [1]byte
	if _, err := c.Read(first[:]); err != nil {
		return
	}
	if first[0] != recordHandshake {
		if s.complains {
			_ = respond(c, "400 Bad Request", plaintext, true) // the client may be gone
		}
		return
	}
	conn := tls.Server(&prefixed{client: c, prefix: first[:]}, s.config)
	if serveHTTP(conn) == nil {
		_ = conn.CloseWrite() // the client may be gone already
	}
}

// plaintext is the complaint, in the words of net/http.
const plaintext = "Client sent an HTTP request to an HTTPS server.\n"

// recordHandshake is the first byte of a ClientHello (RFC 8446, section 5.1).
const recordHandshake = 22

// prefixed is a connection of which a beginning has been read already.
type prefixed struct {
	client
	prefix []byte
}

// Read reads the prefix, then the connection.
func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.prefix) == 0 {
		return p.client.Read(b)
	}
	n := copy(b, p.prefix)
	p.prefix = p.prefix[n:]
	return n, nil
}

// selfSigned makes a certificate for the host's name in lab.test and its
// addresses.
func selfSigned(h plan.Host) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	name := h.Name + "." + domain
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, a := range addresses(h) {
		template.IPAddresses = append(template.IPAddresses, net.IP(a.AsSlice()))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
