data "aws_availability_zones" "available" {
  state = "available"
}

locals {
  # Both nodes, and what a new VPC has once for each.
  nodes     = toset(["a", "b"])
  new_nodes = var.existing == null ? local.nodes : toset([])
  number    = { a = 0, b = 1 }

  vpc_id     = var.existing == null ? aws_vpc.new[0].id : var.existing.vpc_id
  subnet_ids = { for node in local.nodes : node => var.existing == null ? aws_subnet.new[node].id : var.existing.subnet_ids[node] }
}

resource "aws_vpc" "new" {
  count = var.existing == null ? 1 : 0

  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.cluster }
}

resource "aws_internet_gateway" "new" {
  count = var.existing == null ? 1 : 0

  vpc_id = aws_vpc.new[0].id
  tags   = { Name = var.cluster }
}

resource "aws_subnet" "new" {
  for_each = local.new_nodes

  vpc_id            = aws_vpc.new[0].id
  availability_zone = data.aws_availability_zones.available.names[local.number[each.key]]
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, local.number[each.key])
  tags              = { Name = "${var.cluster}-${each.key}" }
}

# The VIP's own routes are not here: vip-switch creates and moves them.
resource "aws_route_table" "new" {
  for_each = local.new_nodes

  vpc_id = aws_vpc.new[0].id
  tags   = { Name = "${var.cluster}-${each.key}", vip-switch = var.route_tables }
}

resource "aws_route" "way_out" {
  for_each = aws_route_table.new

  route_table_id         = each.value.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.new[0].id
}

resource "aws_route_table_association" "new" {
  for_each = aws_route_table.new

  subnet_id      = aws_subnet.new[each.key].id
  route_table_id = each.value.id
}

resource "aws_ec2_tag" "existing" {
  count = var.existing == null ? 0 : length(var.existing.route_table_ids)

  resource_id = var.existing.route_table_ids[count.index]
  key         = "vip-switch"
  value       = var.route_tables
}
