set --
for place in /etc/nginx /etc/apache2 /etc/httpd /etc/lighttpd /etc/haproxy /etc/postfix /etc/dovecot; do
	[ -d "$place" ] && set -- "$@" "$place"
done
# files COMMAND...: runs it on the configuration that is in use, as far as names tell. No argument may hold the two braces that find replaces.
files() { find -L "$places" -type f ! -path '*-available/*' ! -name snakeoil.conf -exec "$@" {} +; }
# FILE:DIRECTIVE VALUE. In nginx a statement may share its line with others or have several; the rest have one a line, and Apache does not mind the case.
statements=$(for places; do
	case $places in
	/etc/nginx) files awk 'BEGIN { for (i = 1; i < ARGC; i++) {
			# Read so, a file that may not be read ends nothing.
			text = ""
			while ((getline line < ARGV[i]) > 0) {
				sub(/(^|[ \t])#.*/, "", line)
				text = text " " line
				while (match(text, /[;}{]/)) {
					statement = substr(text, 1, RSTART - 1)
					text = substr(text, RSTART + 1)
					gsub(/[ \t]+/, " ", statement)
					if (statement ~ /^ ?(server_name|ssl_certificate) /) print ARGV[i] ":" statement
				}
			}
			close(ARGV[i])
		} }' ;;
	*) files grep -isHE '^[[:space:]]*(ServerName|ServerAlias|SSLCertificateFile|ssl_cert|smtpd_tls_cert_file|ssl[.]pemfile)[[:space:]=]|[[:space:]]crt[[:space:]]' ;;
	esac
done)
isroot || [ -z "$(for places; do files sh -c 'for file; do [ -r "$file" ] || echo "$file"; done' sh; done)" ] || unseen web.files 'configuration that only others may read was left out'
printf '%s\n' "$statements" | grep -iE '^[^:]*:[[:space:]]*(server_name|ServerName|ServerAlias)[[:space:]]' | tag host

certificates=$({
	# What is no whole path begins at the folder of the program.
	printf '%s\n' "$statements" | grep -viE '^[^:]*:[[:space:]]*(server_name|ServerName|ServerAlias)[[:space:]]' | awk 'NF {
		file = $0; sub(/:.*/, "", file); split(file, part, "/")
		sub(/^[^:]*:/, "")
		count = 1
		if (/[ \t]crt[ \t]/) count = split($0, values, /[ \t]crt[ \t]+/)
		else { values[1] = $0; sub(/^[ \t]*[A-Za-z_.]+[ \t=<"]*/, "", values[1]) }
		for (i = count > 1 ? 2 : 1; i <= count; i++) {
			gsub(/^"|[;" \t].*$/, "", values[i])
			if (values[i] != "") print (values[i] ~ /^\// ? "" : "/etc/" part[3] "/") values[i]
		}
	}' | while read -r file; do
		# HAProxy takes a folder for all that is in it.
		if [ -d "$file" ]; then find -L "$file" -type f ! -name '*.key' ! -name '*.ocsp'; else printf '%s\n' "$file"; fi
	done
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
