package main

import (
	"strings"
	"testing"
)

func TestProxyOfNotifications(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"": true, "http://proxy.internal:3128": true, "https://user:hush@proxy.internal": true,
		"proxy.internal:3128": false, "socks5://proxy.internal": false, "http://": false, "http://user:hush@[::1": false,
	} {
		u, err := proxyURL(text)
		if (err == nil) != good || (u != nil) != (good && text != "") {
			t.Errorf("%q: %v, %v", text, u, err)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestClientCertificateOfNotifications(t *testing.T) {
	t.Parallel()
	if c, err := clientCertificate(""); c != nil || err != nil {
		t.Errorf("none: %v, %v", c, err)
	}
	const key = "-----BEGIN PRIVATE KEY-----\naHVzaA==\n-----END PRIVATE KEY-----\n"
	if _, err := clientCertificate(key); err == nil || strings.Contains(err.Error(), "aHVzaA") {
		t.Errorf("a key without a certificate: %v", err)
	}
}

func TestReplicaIDsDiffer(t *testing.T) {
	t.Parallel()
	if a, b := replicaID(), replicaID(); a == b || a == "" {
		t.Errorf("%q and %q", a, b)
	}
}
