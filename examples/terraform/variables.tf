variable "package_url" {
  description = "Where the nodes download vip-switch_<version>_<architecture>.deb."
  type        = string
}

variable "package_sha256" {
  description = "Its checksum, from SHA256SUMS of the release."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "A SHA-256 has 64 hexadecimal digits."
  }
}

variable "cluster" {
  description = "Name of the cluster, which is in the tags by which its nodes know each other."
  type        = string
  default     = "pair"
}

variable "vip" {
  description = "The virtual IP, outside every CIDR of the VPC."
  type        = string
  default     = "10.99.0.10"
}

variable "image_parameter" {
  description = "SSM parameter with the id of a Debian image, for the architecture of the package and the instance type."
  type        = string
  default     = "/aws/service/debian/release/13/latest/amd64"
}

variable "instance_type" {
  type    = string
  default = "t3.micro"
}

variable "session_manager" {
  description = "Whether to log in by Session Manager. It adds AWS's own policy for that, and its agent."
  type        = bool
  default     = true
}

variable "key_name" {
  description = "A key pair for SSH. The security group lets nobody in by SSH."
  type        = string
  default     = null
}

variable "vpc_cidr" {
  description = "Of the new VPC, from /16 to /24."
  type        = string
  default     = "10.0.0.0/16"
}

variable "existing" {
  description = "An existing VPC, its subnets in two zones for the nodes, and the VIP's route tables. Null creates a VPC."
  type = object({
    vpc_id          = string
    subnet_ids      = object({ a = string, b = string })
    route_table_ids = list(string)
  })
  default = null
}

variable "route_tables" {
  description = "Value of the tag vip-switch, which the VIP's route tables get."
  type        = string
  default     = "pair"
}

variable "addresses" {
  description = "Private addresses of the nodes. Null lets EC2 pick one, which stays the same for good."
  type        = object({ a = optional(string), b = optional(string) })
  default     = {}
}
