/** Every address of IPv4. */
export const anywhere = '0.0.0.0/0'
