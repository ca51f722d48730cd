set --
for place in /etc/nginx /etc/apache2 /etc/httpd /etc/lighttpd /etc/haproxy /etc/postfix /etc/dovecot; do
	[ -d "$place" ] && set -- "$@" "$place"
done
lines() { [ $# -lt 2 ] || { pattern=$1; shift; find -L "$@" -type f ! -path '*-available/*' ! -name snakeoil.conf -exec grep -sHE "$pattern" {} +; }; }
lines '^[[:space:]]*(server_name|ServerName|ServerAlias)[[:space:]]' "$@" | tag host

certificates=$({
	lines '^[[:space:]]*(ssl_certificate|SSLCertificateFile|ssl_cert|smtpd_tls_cert_file|ssl.pemfile)[[:space:]=]' "$@" |
		sed -e 's/^[^:]*:[[:space:]]*[A-Za-z_.]*[[:space:]=<"]*//' -e 's/[;"[:space:]].*//'
	for file in /etc/letsencrypt/live/*/cert.pem; do [ -e "$file" ] && echo "$file"; done
} | sort -u)
[ -n "$certificates" ] || exit 0
has openssl || { unseen certificates 'openssl is not there'; exit 0; }
# Never more than subject, names and expiry: the file may also hold the private key.
printf '%s\n' "$certificates" | while read -r file; do
	if expiry=$(openssl x509 -noout -enddate -in "$file"); then
		printf 'expiry\t%s\t%s\n' "$file" "${expiry#*=}"
		printf 'subject\t%s\t%s\n' "$file" "$(openssl x509 -noout -subject -in "$file" | head -n 1)"
		openssl x509 -noout -text -in "$file" | grep 'DNS:' | tr -d ' ' | tr ',' '\n' | sed -n 's/^DNS://p' |
			while read -r name; do printf 'name\t%s\t%s\n' "$file" "$name"; done
	else
		unseen certificates.file "a certificate that is configured cannot be read: $file"
	fi
done
