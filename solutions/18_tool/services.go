package main

// usual says what usually lives on a port, by the names of IANA's registry
// (services(5)). They are the ports that are asked where none are named.
var usual = map[uint16]string{
	21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "domain", 80: "http", 110: "pop3", 143: "imap",
	443: "https", 445: "microsoft-ds", 3306: "mysql", 3389: "ms-wbt-server", 5432: "postgresql", 6379: "redis", 8080: "http-alt",
}
