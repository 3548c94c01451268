package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// profile is how the commands find a deployment and who they are there. paymux
// dev writes it; the environment (PAYMUX_BASE_URL, PAYMUX_KEY, PAYMUX_OPS_TOKEN) wins over it.
type profile struct {
	BaseURL       string `yaml:"base_url"`
	Merchant      string `yaml:"merchant,omitempty"`
	Key           string `yaml:"key,omitempty"`            // bearer secret
	SigningKey    string `yaml:"signing_key,omitempty"`    // ID of the HMAC key
	SigningSecret string `yaml:"signing_secret,omitempty"` // base64
	OpsToken      string `yaml:"ops_token,omitempty"`
}

const defaultBaseURL = "http://127.0.0.1:8080"

// profilePath is where the profile is kept.
func (c *cli) profilePath() (string, error) {
	if dir := c.env("PAYMUX_CONFIG_DIR"); dir != "" {
		return filepath.Join(dir, "config.yaml"), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the configuration directory (PAYMUX_CONFIG_DIR names another): %w", err)
	}
	return filepath.Join(dir, "paymux", "config.yaml"), nil
}

// profile reads the profile. That there is none is no error.
func (c *cli) profile() (profile, error) {
	p := profile{BaseURL: defaultBaseURL}
	path, err := c.profilePath()
	if err != nil {
		return p, err
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("read profile: %w", err)
	}
	if err := yaml.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("read profile %s: %w", path, err)
	}
	for name, into := range map[string]*string{
		"PAYMUX_BASE_URL": &p.BaseURL, "PAYMUX_KEY": &p.Key, "PAYMUX_OPS_TOKEN": &p.OpsToken,
	} {
		if value := c.env(name); value != "" {
			*into = value
		}
	}
	if c.baseURL != "" {
		p.BaseURL = c.baseURL
	}
	return p, nil
}

// saveProfile writes the profile for the other commands. It holds secrets: nobody else may read it.
func (c *cli) saveProfile(p profile) (path string, err error) {
	if path, err = c.profilePath(); err != nil {
		return "", err
	}
	text, err := yaml.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("write profile: %w", err)
	}
	return path, writeSecret(path, text)
}

// writeSecret replaces a file that only its owner may read, whole or not at all.
func writeSecret(path string, text []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	f, err := os.CreateTemp(dir, ".new-*") // CreateTemp makes it 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// client returns a client for the profile's deployment and merchant.
func (c *cli) client() (*client.Client, error) {
	p, err := c.profile()
	if err != nil {
		return nil, err
	}
	if p.Key == "" {
		return nil, usagef("%s", c.text("no-key"))
	}
	return client.New(client.Config{BaseURL: p.BaseURL, Key: paymux.Secret(p.Key), Agent: "paymux-cli/" + version})
}
