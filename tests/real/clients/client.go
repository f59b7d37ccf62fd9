// A client as one writes it in Go: client URL. It prefers HTTP/2, asks for A and AAAA at once, and keeps connections.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	response, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer response.Body.Close()
	fmt.Println(response.Status)
	io.Copy(os.Stdout, response.Body)
	if response.StatusCode >= 400 {
		os.Exit(1)
	}
}
