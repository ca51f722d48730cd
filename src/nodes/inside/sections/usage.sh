# A network mount whose server is gone hangs whoever asks: first without those (not every df knows how), and in a section of its own.
{ df -Pkl || df -Pk; } | tag kib
{ df -Pil || df -Pi; } | tag inodes
