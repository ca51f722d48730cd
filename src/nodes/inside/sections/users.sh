# Name, number, home and shell. Nothing else of the line: a very old one may still hold a password.
awk -F : '$3 >= 1000 && $3 < 65534 { print $1 "\t" $3 "\t" $6 "\t" $7 }' /etc/passwd | tag user
