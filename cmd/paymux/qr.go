package main

import (
	"fmt"
	"io"
	"strings"

	"rsc.io/qr"
)

// quiet is the white border a code needs around it, in modules.
const quietZone = 2

// showQR draws text as a QR code.
func (c *cli) showQR(text string) error { return drawQR(c.out, text) }

// drawQR writes a QR code in half blocks, two modules a character: light is
// drawn and dark left, as terminals are mostly dark; scanners read both.
func drawQR(w io.Writer, text string) error {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return fmt.Errorf("draw QR code: %w", err)
	}
	light := func(x, y int) bool { return !code.Black(x, y) } // outside it is light, too
	var b strings.Builder
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		b.WriteString("  ")
		for x := -quietZone; x < code.Size+quietZone; x++ {
			b.WriteString(halfBlock(light(x, y), y+1 < code.Size+quietZone && light(x, y+1)))
		}
		b.WriteString("\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func halfBlock(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}
