data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

data "aws_ssm_parameter" "image" {
  name = var.image_parameter
}

locals {
  region         = data.aws_region.current.region
  arn            = "arn:${data.aws_partition.current.partition}:ec2:${local.region}:${data.aws_caller_identity.current.account_id}"
  agent_releases = "https://s3.${local.region}.${data.aws_partition.current.dns_suffix}/amazon-ssm-${local.region}/latest"
  addresses      = { for node, interface in aws_network_interface.node : node => interface.private_ip }
}

resource "aws_security_group" "nodes" {
  name_prefix = "${var.cluster}-"
  description = "Nodes of ${var.cluster}"
  vpc_id      = local.vpc_id
  tags        = { Name = var.cluster }
}

resource "aws_vpc_security_group_ingress_rule" "vrrp" {
  security_group_id            = aws_security_group.nodes.id
  description                  = "VRRP"
  ip_protocol                  = "112"
  referenced_security_group_id = aws_security_group.nodes.id
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.nodes.id
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_network_interface" "node" {
  for_each = local.nodes

  subnet_id       = local.subnet_ids[each.key]
  private_ips     = var.addresses[each.key] == null ? null : [var.addresses[each.key]]
  security_groups = [aws_security_group.nodes.id]
  # The VIP is no address of the interface.
  source_dest_check = false
  tags              = { Name = "${var.cluster}-${each.key}" }

  lifecycle {
    # The nodes' claims are tags of their interfaces.
    ignore_changes = [tags, tags_all]
  }
}

# A way out without a NAT gateway. Nothing gets in: the security group has no rule for it.
resource "aws_eip" "node" {
  for_each = local.new_nodes

  domain            = "vpc"
  network_interface = aws_network_interface.node[each.key].id
  tags              = { Name = "${var.cluster}-${each.key}" }
  depends_on        = [aws_internet_gateway.new]
}

resource "aws_iam_role" "nodes" {
  name_prefix = "${var.cluster}-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "vip_switch" {
  name   = "vip-switch"
  role   = aws_iam_role.nodes.id
  policy = jsonencode(local.policy)
}

resource "aws_iam_role_policy_attachment" "session_manager" {
  count = var.session_manager ? 1 : 0

  role       = aws_iam_role.nodes.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "nodes" {
  name_prefix = "${var.cluster}-"
  role        = aws_iam_role.nodes.name
}

resource "aws_instance" "node" {
  for_each = local.nodes

  ami                  = data.aws_ssm_parameter.image.insecure_value
  instance_type        = var.instance_type
  iam_instance_profile = aws_iam_instance_profile.nodes.name
  key_name             = var.key_name
  # As that of the interface, lest the provider turns it on again.
  source_dest_check = false
  user_data         = local.user_data[each.key]
  tags              = { Name = "${var.cluster}-${each.key}" }

  primary_network_interface {
    network_interface_id = aws_network_interface.node[each.key].id
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  lifecycle {
    # A newer image, or other user data, must not replace both nodes at once.
    ignore_changes = [ami, user_data]
  }

  # What its user data needs.
  depends_on = [
    aws_ec2_tag.existing,
    aws_eip.node,
    aws_iam_role_policy.vip_switch,
    aws_route.way_out,
    aws_route_table_association.new,
    aws_vpc_security_group_egress_rule.all,
    aws_vpc_security_group_ingress_rule.vrrp,
  ]
}
